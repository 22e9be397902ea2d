/**
 * Actions of the routines page: it belongs to the board's window.
 *
 * Must not know: components, other actions.
 */
import { ANYWHERE, type Action } from "./action";

export const ROUTINES: Action[] = [
  {
    id: "window.routines",
    title: "Routines",
    section: "Window",
    keys: ["Alt+r"],
    zones: [...ANYWHERE, "overlay"],
    when: (app) => !app.navigation.solo,
    run: (app) => {
      app.navigation.toggle("routines");
    },
  },
  {
    id: "routine.new",
    title: "New routine",
    section: "Window",
    keys: [],
    zones: [],
    when: (app) => !app.navigation.solo,
    run: (app) => void app.navigation.schedule("", app.dispatch.cwd),
  },
];
