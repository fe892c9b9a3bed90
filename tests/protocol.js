// The client library of VS Code with `qwenlock server`: open a file, wait for its diagnostics, apply
// the first repair, and print the results as JSON.
const { spawn } = require("child_process");
const { readFileSync } = require("fs");
const { createRequire } = require("module");
const { pathToFileURL } = require("url");
const [, , modules, python, folder, file] = process.argv;
const lsp = createRequire(`${modules}/`)("vscode-languageserver-protocol/node");

const server = spawn(python, ["-m", "qwenlock", "server"], { cwd: folder });
const connection = lsp.createProtocolConnection(server.stdout, server.stdin);
const said = new Promise((resolve) => {
  connection.onNotification(lsp.PublishDiagnosticsNotification.type, (told) => {
    if (told.diagnostics.length) resolve(told);
  });
});
connection.listen();

async function main() {
  const uri = pathToFileURL(file).href;
  const textDocument = { uri };
  const rootUri = pathToFileURL(folder).href;
  const { capabilities } = await connection.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid,
    rootUri,
    workspaceFolders: [{ uri: rootUri, name: "project" }],
    capabilities: { general: { positionEncodings: ["utf-16"] } },
  });
  await connection.sendNotification(lsp.InitializedNotification.type, {});
  await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "jsonc", version: 1, text: readFileSync(file, "utf8") },
  });
  const { diagnostics } = await said;
  const { range } = diagnostics[0];
  const context = { diagnostics, only: [lsp.CodeActionKind.QuickFix] };
  const [action] = await connection.sendRequest(lsp.CodeActionRequest.type, {
    textDocument,
    range,
    context,
  });
  const hover = await connection.sendRequest(lsp.HoverRequest.type, {
    textDocument,
    position: range.start,
  });
  const offered = await connection.sendRequest(lsp.CompletionRequest.type, {
    textDocument,
    position: range.start,
  });
  const lenses = await connection.sendRequest(lsp.CodeLensRequest.type, { textDocument });
  await connection.sendRequest(lsp.ShutdownRequest.type);
  const ended = new Promise((resolve) => server.on("exit", resolve));
  await connection.sendNotification(lsp.ExitNotification.type);
  const code = await ended;
  const edits = action.edit.changes[uri];
  const labels = offered.map((item) => item.label);
  const titles = lenses.map((lens) => lens.command.title);
  console.log(
    JSON.stringify({ capabilities, diagnostics, edits, hover, labels, titles, code }),
  );
}

main();
