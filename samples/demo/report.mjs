// How a consumer of the demo says goodbye: its own count and the connection's counters go to the parent process.
export async function reportAndClose(stream, consumer, counted) {
  const stats = Object.entries(consumer.stats()).map(([key, value]) => [
    key,
    typeof value === "bigint" ? Number(value) : value,
  ]);
  process.send({ ...counted, stats: Object.fromEntries(stats) });
  await stream.close();
  process.disconnect();
}
