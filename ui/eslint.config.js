/**
 * What ESLint checks: TypeScript with its types, Svelte, no `any`, no unused word.
 *
 * Must not know: how code is laid out; Prettier decides that.
 */
import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

/** What a command rejects with is a `Fault` of the supervisor, not an `Error`: it is shown, not traced. */
const FAULT = [{ from: "file", name: "Fault" }];

/**
 * Folders from the bottom up: each may import those before it, none those after it.
 */
const TIERS = ["backend", "kit", "state", "actions", "parts", "views"];

/** A part says which stores it uses; all of them are for windows and actions. */
const WHOLE_APP = [
  { group: ["**/state/app.svelte"], message: "Take single stores: useStores(…)." },
  { group: ["**/state/stores"], importNames: ["useApp", "provideApp"], message: "Take single stores: useStores(…)." },
];

/** What a file of `tier` must not import. */
const walls = (tier) => ({
  files: [`src/${tier}/**`],
  ignores: ["**/*.test.ts"],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...TIERS.slice(TIERS.indexOf(tier) + 1).map((above) => ({
            group: [`**/${above}/**`],
            message: `${tier} must not know ${above}.`,
          })),
          ...(tier === "parts" ? WHOLE_APP : []),
        ],
      },
    ],
  },
});

export default ts.config(
  { ignores: ["dist/", "screenshots/", "public/", "src/backend/generated/"] },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  svelte.configs.prettier,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname, extraFileExtensions: [".svelte"] },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_$", ignoreRestSiblings: true },
      ],
      "@typescript-eslint/only-throw-error": ["error", { allow: FAULT, allowThrowingUnknown: true }],
      "@typescript-eslint/prefer-promise-reject-errors": ["error", { allowThrowingUnknown: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
      // A terminal's output and hostile names are made of these.
      "no-control-regex": "off",
      // The simulation answers at once what the real backend asks for.
      "@typescript-eslint/require-await": "off",
      // Maps and sets here are replaced whole (`$state.raw`), or nothing is drawn from them.
      "svelte/prefer-svelte-reactivity": "off",
      // `{" "}` keeps a space that markup would lose.
      "svelte/no-useless-mustaches": "off",
      // `svelte-check` knows which are needed; this sees too little of a component.
      "svelte/no-unused-svelte-ignore": "off",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    // Types of events and snippets in a template are `any` to this parser; `svelte-check` knows them.
    files: ["**/*.svelte"],
    rules: {
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  ...TIERS.map(walls),
  {
    // They print what they measure, and reject as the supervisor does.
    files: ["bench/**", "**/*.test.ts"],
    rules: { "no-console": "off", "@typescript-eslint/prefer-promise-reject-errors": "off" },
  },
  {
    // Read by Node, without types.
    files: ["*.js", "tests/*.mjs"],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: globals.node },
  },
);
