// Starts `qwenlock server` for the files that it knows, and ends it with the editor.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const FILES = [
  "**/.qwen/settings.json",
  "**/qwen-code/settings.json",
  "**/qwen-code/system-defaults.json",
  "**/QwenCode/settings.json",
  "**/QwenCode/system-defaults.json",
  "**/qwen.lock",
  "**/qwenlock.toml",
];

let client;

function activate() {
  const command = workspace.getConfiguration("qwenlock").get("command", "qwenlock");
  const server = { command, args: ["server"] };
  const documentSelector = FILES.map((pattern) => ({ scheme: "file", pattern }));
  client = new LanguageClient("qwenlock", "qwenlock", server, { documentSelector });
  return client.start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
