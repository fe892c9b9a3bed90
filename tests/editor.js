// The language service of VS Code, asked for completions and diagnostics: requests as JSON on
// stdin, answers on stdout. A `|` in a text marks the cursor.
const { readFileSync } = require("fs");
const { getLanguageService, TextDocument } = require(`${process.argv[2]}/vscode-json-languageservice`);

const { associations, requests } = JSON.parse(readFileSync(0, "utf8"));
const service = getLanguageService({});
service.configure({ validate: true, allowComments: true, schemas: associations });

async function answer({ path, text }) {
  const cursor = text.indexOf("|");
  const plain = text.replace("|", "");
  const document = TextDocument.create(`file:///project/${path}`, "jsonc", 1, plain);
  const parsed = service.parseJSONDocument(document);
  const position = document.positionAt(Math.max(cursor, 0));
  const [offered, hover, problems] = await Promise.all([
    service.doComplete(document, position, parsed),
    service.doHover(document, position, parsed),
    service.doValidation(document, parsed, { comments: "ignore", trailingCommas: "error" }),
  ]);
  return {
    offered: Object.fromEntries(offered.items.map((item) => [item.label, item.insertText])),
    hover: hover ? hover.contents.join("\n") : "",
    problems: problems.map((problem) => problem.message),
  };
}

Promise.all(requests.map(answer)).then((answers) => console.log(JSON.stringify(answers)));
