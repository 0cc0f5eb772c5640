import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import { readdirSync } from "node:fs";
import tseslint from "typescript-eslint";

// Features meet in URLs and in what is shared, never in each other.
const features = readdirSync(new URL("./src/features", import.meta.url));
const rooms = features.map((name) => ({
  files: [`src/features/${name}/**`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          {
            group: features.filter((other) => other !== name).map((other) => `@/features/${other}/**`),
            message: "Features do not import each other: share it below ui/, live/ or lib/, or link to it.",
          },
          { group: ["../**", "@/app/**"], message: "A feature knows only itself and what is shared." },
        ],
      },
    ],
  },
}));
const shared = {
  files: ["src/{api,live,lib,ui}/**"],
  rules: {
    "no-restricted-imports": [
      "error",
      { patterns: [{ group: ["@/features/**", "@/app/**"], message: "What is shared knows no feature." }] },
    ],
  },
};

export default tseslint.config(
  { ignores: ["dist", "src/api/schema.ts"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  hooks.configs.flat["recommended-latest"],
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    files: ["src/**", "vite.config.ts"],
    rules: {
      "no-console": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ["eslint.config.js", "public/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { localStorage: "readonly", document: "readonly", URL: "readonly" } },
  },
  ...rooms,
  shared,
);
