// How a consumer of the demo says goodbye: its own count and the connection's counters go to the parent process.
const plain = (_key, value) => (typeof value === "bigint" ? Number(value) : value);

export async function reportAndClose(stream, consumer, counted) {
  process.send({ ...counted, stats: JSON.parse(JSON.stringify(consumer.stats(), plain)) });
  await stream.close();
  process.disconnect();
}
