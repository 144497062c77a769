/** What went wrong, as the server says it (RFC 9457) or as we see it: one shape, words and a code. Pure. */

/** @typedef {{field: string, code: string, text: string}} FieldProblem */

/** The server did not answer, or not in our language. */
const UNREACHABLE = 'E-NET-1';
const NOT_UNDERSTOOD = 'E-NET-6';

export class Problem extends Error {
  /**
   * @param {{code: string, status: number, title: string | null, detail: string | null, fields: FieldProblem[]}} parts `title` null: the
   * server said none, and the page's own words for `code` stand in
   */
  constructor({ code, status, title, detail, fields }) {
    super(code);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.fields = fields;
  }

  /** The server has decided: asking again with the same is useless. */
  get isAnswer() {
    return this.status !== 0 && this.status < 500;
  }

  /** What is wrong with this field, in words. @param {string} field @returns {string | null} */
  field(field) {
    return this.fields.find((other) => other.field === field)?.text ?? null;
  }

  /** @param {number} status @param {any} body of problem+json, or anything else that stood in its place @returns {Problem} */
  static read(status, body) {
    const words = (/** @type {unknown} */ value) => (typeof value === 'string' && value !== '' ? value : null);
    const fields = Array.isArray(body?.fields) ? body.fields.filter((/** @type {any} */ entry) => words(entry?.field) && words(entry?.text)) : [];
    const code = words(body?.code);
    return new Problem({
      code: code ?? NOT_UNDERSTOOD,
      status,
      title: code ? words(body.title) : null,
      detail: code ? words(body.detail) : null,
      fields,
    });
  }
}

/** No answer came. */
export function unreachable() {
  return new Problem({ code: UNREACHABLE, status: 0, title: null, detail: null, fields: [] });
}

/** A refusal that the person meets in the middle of her work: somebody else was faster, and the list has to be read anew. @param {unknown} error */
export function isOvertaken(error) {
  return error instanceof Problem && (error.status === 412 || ['slot_taken', 'hold_of_another', 'time_taken', 'hold_expired', 'slot_blocked', 'slot_past'].includes(error.code));
}
