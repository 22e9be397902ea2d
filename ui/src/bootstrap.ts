/**
 * Lets the frame of the page be painted, then starts the window.
 *
 * Promise: what costs time to read and run comes after the first paint, and also where nothing is
 * painted, as in a hidden window. Must not know: the window.
 */
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";

/** A window that paints does so well before; one that is hidden never does. */
const UNPAINTED_MS = 100;

const start = () => void import("./main");
const unpainted = setTimeout(start, UNPAINTED_MS);
requestAnimationFrame(() => {
  // In a task of its own: a frame's own callbacks come before its paint.
  setTimeout(() => {
    clearTimeout(unpainted);
    start();
  });
});
