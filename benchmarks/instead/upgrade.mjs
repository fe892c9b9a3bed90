// Replace a plan's models in settings with the usual JSON library that keeps comments.
import { readFileSync, writeFileSync } from "node:fs";
import { parse, stringify } from "comment-json";

const [file, models] = process.argv.slice(2);
const settings = parse(readFileSync(file, "utf8"));
const fresh = JSON.parse(readFileSync(models, "utf8"));
const own = settings.modelProviders.openai.filter(
  (model) => model.envKey !== "BAILIAN_CODING_PLAN_API_KEY",
);
settings.modelProviders.openai = [...fresh, ...own];
settings.model.name = fresh[0].id;
writeFileSync(file, stringify(settings, null, 2));
