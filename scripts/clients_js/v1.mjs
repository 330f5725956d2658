// The first TypeScript SDK, which most clients carry: `node v1.mjs COMMAND ARGUMENT…`.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { examine } from "./examine.mjs";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "typescript-v1", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" }));
await examine(client, (params, options) => client.callTool(params, undefined, options));
