/**
 * Files that will go with what is being written: pasted or dropped, kept by the supervisor, named by id.
 *
 * Promise: a file that could not be kept says why and leaves the text alone.
 * Must not know: the DOM beyond files, where the text is.
 */
import { asFault, fault } from "../backend/api";
import type { Backend, Enclosure, Fault } from "../backend/api";

/** As many as anybody means to send at once. */
export const FILES_MAX = 10;
/** Larger pictures are not seen better by any model, and slow the window down. */
export const FILE_MAX_BYTES = 10 * 1024 * 1024;

export type Attachment = Enclosure & { preview: string | null };

export class Attachments {
  list = $state.raw<Attachment[]>([]);
  fault = $state.raw<Fault | null>(null);
  busy = $state(0);

  constructor(private readonly backend: Backend) {}

  get ids(): string[] {
    return this.list.map((file) => file.id);
  }

  /** Takes the files of a paste or drop; false when there are none. */
  take(data: DataTransfer | null): boolean {
    const files = [...(data?.files ?? [])];
    if (files.length === 0) return false;
    for (const file of files) void this.add(file);
    return true;
  }

  async add(file: File): Promise<void> {
    this.fault = this.refuse(file);
    if (this.fault) return;
    this.busy += 1;
    try {
      const data = await base64(file);
      const kept = await this.backend.enclose(file.name || "pasted.png", data);
      const preview = kept.mediaType.startsWith("image/") ? `data:${kept.mediaType};base64,${data}` : null;
      this.list = [...this.list, { ...kept, preview }];
    } catch (thrown) {
      this.fault = asFault(thrown);
    } finally {
      this.busy -= 1;
    }
  }

  drop(id: string): void {
    this.list = this.list.filter((file) => file.id !== id);
  }

  clear(): void {
    this.list = [];
    this.fault = null;
  }

  private refuse(file: File): Fault | null {
    if (this.list.length >= FILES_MAX)
      return fault("limit", `A prompt takes up to ${FILES_MAX} files`, "Remove one first");
    if (file.size > FILE_MAX_BYTES)
      return fault(
        "limit",
        `${file.name || "The file"} is larger than ${FILE_MAX_BYTES / 1024 / 1024} MB`,
        "Choose a smaller file",
      );
    return null;
  }
}

async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const parts: string[] = [];
  // All at once would be too many arguments of one call.
  for (let from = 0; from < bytes.length; from += 0x8000)
    parts.push(String.fromCharCode(...bytes.subarray(from, from + 0x8000)));
  return btoa(parts.join(""));
}
