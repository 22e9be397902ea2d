/**
 * Whether a typed query fits a title.
 *
 * Promise: pure; letters in order, words in any order.
 */
export function matches(query: string, title: string): boolean {
  const text = title.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => text.includes(word) || inOrder(word, text));
}

function inOrder(word: string, text: string): boolean {
  let from = 0;
  for (const letter of word) {
    const at = text.indexOf(letter, from);
    if (at < 0) return false;
    from = at + 1;
  }
  return true;
}
