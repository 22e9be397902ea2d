/** Where a session works. */
import { expect, test } from "vitest";
import { locationDetails, strayChanges, locationText } from "./location";
import { aView } from "./view.fixture";

test("a session says where it works, why, and what changed beside it", () => {
  const own = {
    type: "worktree" as const,
    path: "",
    directory: "",
    branch: "worktree-a\u0007b",
    mainCheckout: "",
    base: "main",
    baseCommit: "",
    upstream: null,
    behind: 0,
    absent: [],
    absentCount: 0,
    firstPort: null,
    lastPort: null,
    disclosure: "in a worktree",
    settingUp: true,
    changedMeanwhile: ["1", "2", "3", "4", "5"],
    remoteHosts: [],
  };
  const view = aView("a", { cwd: "/home/ada/code", lodging: own });
  expect(locationText(view, "/home/ada")).toBe("~/code · worktree-a‹U+0007›b, setting up");
  expect(locationDetails(view)).toBe("in a worktree");
  expect(strayChanges(view)).toBe("1, 2, 3 and 2 more");
  expect(strayChanges(aView("b"))).toBe("");
  expect(locationText(aView("b", { cwd: "/home/ada/code" }), "/home/ada")).toBe("~/code");
});
