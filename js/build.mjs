// Bundles every src/<name>.entry.ts to ../xai_widgets/static/<name>.js.
// `--verify` builds in memory and fails where the committed bundle differs, so that the wheel needs no Node.
import { readdirSync, readFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const source = join(here, "src");
const target = join(here, "..", "xai_widgets", "static");
const verify = process.argv.includes("--verify");
// kilobytes; a bundle travels with every dashboard, so growth is decided on purpose
const budget = { default: 40, panel: 60, instance_map: 260 };

let failed = false;
mkdirSync(target, { recursive: true });
for (const file of readdirSync(source).filter((name) => name.endsWith(".entry.ts"))) {
  const name = basename(file, ".entry.ts");
  const built = await esbuild.build({
    entryPoints: [join(source, file)],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    loader: { ".css": "text" },
    write: false,
  });
  const text = built.outputFiles[0].text;
  const size = Buffer.byteLength(text) / 1000;
  const limit = budget[name] ?? budget.default;
  const path = join(target, `${name}.js`);
  console.log(`${name}.js ${size.toFixed(1)} kB of ${limit} kB`);
  if (size > limit) {
    console.error(`${name}.js is over its size budget`);
    failed = true;
  }
  if (!verify) {
    writeFileSync(path, text);
    continue;
  }
  let committed = "";
  try {
    committed = readFileSync(path, "utf8");
  } catch {
    console.error(`${path} is missing: run npm run build`);
  }
  if (committed !== text) {
    console.error(`${name}.js in xai_widgets/static is not what the sources build: run npm run build and commit it`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
