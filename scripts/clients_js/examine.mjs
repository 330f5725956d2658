// What a client does with a server, whichever SDK it has: a JSON line `{"check", "ok", "detail"}` for each thing.

const QUERY = "SELECT store_name, count(*) AS orders FROM retail.orders JOIN retail.stores USING (store_id) GROUP BY 1";
const MONTHS = "SELECT date_trunc('month', order_date) AS month, count(*) AS orders FROM retail.orders GROUP BY 1";

async function check(name, work) {
  let line;
  try {
    const detail = await work();
    line = { check: name, ok: Boolean(detail), detail: String(detail) };
  } catch (error) {
    line = { check: name, ok: false, detail: String(error?.message ?? error).slice(0, 300) };
  }
  console.log(JSON.stringify(line));
}

function texts(result) {
  return result.content.filter((block) => block.type === "text").map((block) => block.text).join("");
}

export async function examine(client, call) {
  const tool = (name, args, options) => call({ name, arguments: args }, options);
  const text = async (uri) => (await client.readResource({ uri })).contents[0].text;
  const names = (await client.listTools()).tools.map((listed) => listed.name);

  await check("list", async () => {
    const lists = [
      (await client.listPrompts()).prompts,
      (await client.listResources()).resources,
      (await client.listResourceTemplates()).resourceTemplates,
    ];
    return lists.every((list) => list.length) && [names, ...lists].map((list) => list.length).join(" + ");
  });
  await check("call", async () => {
    const result = await tool("execute_sales_query", { postgresql_query: QUERY });
    return !result.isError && JSON.parse(texts(result)).row_count === 1 && "1 row";
  });
  await check("tool error", async () => {
    const result = await tool("execute_sales_query", { postgresql_query: "SELECT nope FROM retail.orders" });
    return result.isError && texts(result).match(/42703.*character 8/)?.[0];
  });
  await check("search", async () => {
    const result = await tool("semantic_search_products", { query_description: "containers for paint" });
    return !result.isError && `${JSON.parse(texts(result)).row_count} products`;
  });
  await check("complete", async () => {
    const ref = { type: "ref/prompt", name: "monthly_review" };
    const { completion } = await client.complete({ ref, argument: { name: "store", value: "sea" } });
    return completion.values.length === 1 && completion.values[0];
  });
  await check("read", async () => {
    const who = JSON.parse(await text("zava://about")).identity.name;
    return (await text("zava://schema/orders")).startsWith("retail.orders") && who;
  });
  await check("read a linked result", async () => {
    const result = await tool("execute_sales_query", { postgresql_query: "SELECT * FROM retail.orders LIMIT 200" });
    const link = result.content.find((block) => block.type === "resource_link");
    const lines = (await text(link.uri)).trim().split("\n").length;
    return lines === 201 && `${lines} lines`;
  });
  await check("get a prompt", async () => {
    const found = await client.getPrompt({ name: "find_product", arguments: { description: "a ladder" } });
    return found.messages[0].content.text.includes('"a ladder"') && `${found.messages.length} message`;
  });
  await check("receive progress", async () => {
    const heard = [];
    const endless = { postgresql_query: "SELECT count(*) FROM generate_series(1, 10000000000) g" };
    const result = await tool("execute_sales_query", endless, { onprogress: (update) => heard.push(update.progress) });
    return result.isError && heard.length && heard.every((part, i) => !i || part > heard[i - 1]) && `${heard.length} times`;
  });
  await check("abort a call", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    const endless = { postgresql_query: "SELECT count(*) FROM generate_series(1, 10000000000) h" };
    const ended = await tool("execute_sales_query", endless, { signal: abort.signal }).then(() => false, () => true);
    const next = await tool("execute_sales_query", { postgresql_query: "SELECT 1" });
    return ended && !next.isError && "the next call works";
  });
  if (names.includes("chart_sales_query")) {
    await check("receive an image", async () => {
      const result = await tool("chart_sales_query", { postgresql_query: MONTHS }); // one row would have no picture
      const image = result.content.find((block) => block.type === "image");
      const bytes = Buffer.from(image?.data ?? "", "base64");
      return bytes.subarray(1, 4).toString() === "PNG" && `${bytes.length} bytes`;
    });
  }
  await client.close();
}
