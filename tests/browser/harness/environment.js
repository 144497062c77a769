/** What a server is started with: this process' variables but those that are for the tests, which the server would not know. */

const FOR_TESTS = ['KENES_BIN', 'KENES_LINK_BIN', 'KENES_CHROMIUM', 'KENES_FIREFOX'];

/** @returns {Record<string, string | undefined>} */
export const environment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOR_TESTS.includes(name)));
