// The second TypeScript SDK, in an era of the protocol: `node v2.mjs legacy|auto COMMAND ARGUMENT…`.
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { examine } from "./examine.mjs";

const [mode, command, ...args] = process.argv.slice(2);
const client = new Client({ name: "typescript-v2", version: "1" }, { versionNegotiation: { mode } });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" }));
await examine(client, (params, options) => client.callTool(params, options));
