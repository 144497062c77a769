/** In CI a journey that a neighbour on the machine disturbed gets one more try, and says so; a person who runs them sees each failure. */

export const TRIES = process.env.CI ? 2 : 1;

/** @param {(line: string) => void} say @param {() => Promise<void>} walk */
export async function walkInTries(say, walk) {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await walk();
    } catch (error) {
      if (!left) throw error;
      say(`FLAKY, tried again after: ${error instanceof Error ? error.stack : error}`);
    }
  }
}
