// Writes the audit's acts from openapi.json as values, for the page's filter; types alone cannot be listed.
import { readFileSync, writeFileSync } from "node:fs";

const document = JSON.parse(readFileSync("openapi.json", "utf8"));
const acts = document.components.schemas.Act.enum;
const lines = acts.map((act) => `  ${JSON.stringify(act)},`).join("\n");
writeFileSync(
  "src/api/acts.ts",
  `/** Written by \`npm run types\` from openapi.json. */\nimport type { components } from "./schema";\n\nexport const ACTS: readonly components["schemas"]["Act"][] = [\n${lines}\n];\n`,
);
