// Requests to the API of this server.

export class ApiError extends Error {}

async function answer(response) {
  let content;
  try {
    content = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(`the server answered ${response.status} without JSON`);
  }
  if (!response.ok) throw new ApiError(content.error?.message ?? `error ${response.status}`);
  return content;
}

async function send(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("the server does not answer; is it still running?");
  }
}

function posted(content, signal) {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
    signal,
  };
}

export async function get(path) {
  return answer(await send(path));
}

export async function post(path, content, signal) {
  return answer(await send(path, posted(content, signal)));
}

// Calls `line` with each JSON object of a streamed answer.
export async function stream(path, content, line, signal) {
  const response = await send(path, posted(content, signal));
  if (!response.ok) return answer(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return undefined;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const text of lines) line(JSON.parse(text));
  }
}

export function runPath(name, what) {
  return `/runs/${encodeURIComponent(name)}/${what}`;
}
