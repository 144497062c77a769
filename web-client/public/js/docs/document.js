/** An OpenAPI 3.1 document as a person reads it: calls in groups, each with its fields and answers as rows. Pure. */

/** @typedef {{[key: string]: any}} Json what the server describes; anything in it may be missing */
/** @typedef {{name: string, depth: number, type: string, required: boolean, about: string, choices: string[], limits: string}} Field */
/** @typedef {{name: string, place: string, type: string, required: boolean, about: string, choices: string[], limits: string}} Parameter */
/** @typedef {{media: string, type: string, fields: Field[]}} Body */
/** @typedef {{status: string, about: string, body: Body | null}} Answer */
/**
 * @typedef {{id: string, method: string, path: string, summary: string, about: string, refusals: string, open: boolean, parameters: Parameter[],
 *   body: Body | null, answers: Answer[], problems: Answer[]}} Call
 */
/** @typedef {{name: string, calls: Call[]}} Group */
/** @typedef {{code: string, words: Record<string, {title: string, detail: string}>}} Problem */
/** @typedef {{version: string, groups: Group[], problems: Problem[]}} Reading */

/** Where the server describes itself. */
export const DESCRIPTION = '/api/v1/openapi.json';
/** What stands in a call's description before the errors that are its own. */
const ERRORS = /^# Errors$/m;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
/** Fields within fields are shown this deep; a description may contain itself. */
const DEEPEST = 5;

/** @param {Json} document @returns {Reading} */
export function read(document) {
  const base = document.servers?.[0]?.url ?? '';
  const calls = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ tag: item[method].tags?.[0] ?? '', call: call(document, method, base + path, item[method]) })),
  );
  const names = [...new Set(calls.map(({ tag }) => tag))].sort();
  return {
    version: document.info?.version ?? '',
    groups: names.map((name) => ({ name, calls: calls.filter(({ tag }) => tag === name).map(({ call }) => call) })),
    problems: document['x-problems'] ?? [],
  };
}

/** The groups that are left when every word of `search` stands somewhere in a call. @param {Group[]} groups @param {string} search @returns {Group[]} */
export function find(groups, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (/** @type {Group} */ group, /** @type {Call} */ call) => {
    const fields = [...call.parameters, ...(call.body?.fields ?? []), ...call.answers.flatMap(({ body }) => body?.fields ?? [])];
    const text = [group.name, call.method, call.path, call.summary, call.about, call.refusals, ...fields.map(({ name }) => name)].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return groups.map((group) => ({ ...group, calls: group.calls.filter((call) => matches(group, call)) })).filter(({ calls }) => calls.length > 0);
}

/** The codes that are left by a search. @param {Problem[]} problems @param {string} search @param {string} language @returns {Problem[]} */
export function findProblems(problems, search, language) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return problems.filter(({ code, words: said }) => {
    const text = `${code} ${said[language]?.title} ${said[language]?.detail}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** A text's words and, between backticks, its code, in turn. @param {string} text @returns {{code: boolean, text: string}[]} */
export function pieces(text) {
  return text.split('`').map((part, at) => ({ code: at % 2 === 1, text: part })).filter(({ text: part }) => part !== '');
}

/** A command that an integrator can paste. @param {Call} call @param {string} origin */
export function curl(call, origin) {
  const required = call.parameters.filter(({ required, place }) => required && place === 'header');
  const query = call.parameters.filter(({ required, place }) => required && place === 'query').map(({ name }) => `${name}=…`);
  const lines = [
    `curl -X ${call.method.toUpperCase()} '${origin}${call.path}${query.length > 0 ? `?${query.join('&')}` : ''}'`,
    ...(call.open ? [] : ["-H 'Authorization: Bearer kk_…'"]),
    ...required.map(({ name }) => `-H '${name}: …'`),
    ...(call.body ? [`-H 'Content-Type: ${call.body.media}'`, "-d '{…}'"] : []),
  ];
  return lines.join(' \\\n  ');
}

/** @param {Json} document @param {string} method @param {string} path @param {Json} operation @returns {Call} */
function call(document, method, path, operation) {
  const answers = Object.entries(operation.responses ?? {}).map(([status, response]) => answer(document, status, response));
  answers.sort((a, b) => a.status.localeCompare(b.status));
  const security = operation.security ?? document.security ?? [];
  const [about = '', refusals = ''] = (operation.description ?? '').split(ERRORS);
  return {
    id: `${method}-${path}`,
    method,
    path,
    summary: operation.summary ?? '',
    about: about.trim(),
    refusals: refusals.trim(),
    open: security.length === 0 || security.some((/** @type {Json} */ way) => Object.keys(way).length === 0),
    parameters: (operation.parameters ?? []).map((/** @type {Json} */ parameter) => parameterOf(document, parameter)),
    body: operation.requestBody ? bodyOf(document, resolve(document, operation.requestBody).content) : null,
    answers: answers.filter(({ status }) => !isProblem(status)),
    problems: answers.filter(({ status }) => isProblem(status)),
  };
}

/** @param {string} status */
const isProblem = (status) => /^[45]/.test(status);

/** @param {Json} document @param {string} status @param {Json} reference @returns {Answer} */
function answer(document, status, reference) {
  const response = resolve(document, reference);
  return { status, about: response.description ?? '', body: isProblem(status) ? null : bodyOf(document, response.content) };
}

/** @param {Json} document @param {Json} reference @returns {Parameter} */
function parameterOf(document, reference) {
  const parameter = resolve(document, reference);
  const schema = parameter.schema ?? {};
  return {
    name: parameter.name,
    place: parameter.in,
    type: typeName(document, schema),
    required: parameter.required === true,
    about: parameter.description ?? '',
    choices: choicesOf(document, schema),
    limits: limitsOf(bare(document, schema)),
  };
}

/** @param {Json} document @param {Json | undefined} content by media type @returns {Body | null} */
function bodyOf(document, content) {
  const [first] = Object.entries(content ?? {});
  if (!first) return null;
  const [media, { schema = {} }] = first;
  return { media, type: typeName(document, schema), fields: fieldsOf(document, schema, 0) };
}

/** Every field of an object, each followed by the fields inside it. @param {Json} document @param {Json} schema @param {number} depth @returns {Field[]} */
function fieldsOf(document, schema, depth) {
  const inner = bare(document, schema);
  if (depth >= DEEPEST) return [];
  if (inner.items) return fieldsOf(document, inner.items, depth);
  const required = new Set(inner.required ?? []);
  const own = Object.entries(inner.properties ?? {}).flatMap(([name, property]) => [
    {
      name,
      depth,
      type: typeName(document, property),
      required: required.has(name),
      about: property.description ?? bare(document, property).description ?? '',
      choices: choicesOf(document, property),
      limits: limitsOf(bare(document, property)),
    },
    ...fieldsOf(document, property, depth + 1),
  ]);
  const parts = [...(inner.allOf ?? []), ...(inner.oneOf ?? inner.anyOf ?? [])];
  return [...own, ...parts.flatMap((part) => fieldsOf(document, part, depth))];
}

/** As a programmer says it: `string`, `Site`, `list of Site`. @param {Json} document @param {Json} schema @returns {string} */
function typeName(document, schema) {
  if (schema.$ref) {
    const inner = resolve(document, schema);
    return inner.properties || inner.oneOf || inner.allOf ? nameOf(schema.$ref) : typeName(document, inner);
  }
  const parts = (schema.oneOf ?? schema.anyOf ?? schema.allOf ?? []).map((/** @type {Json} */ part) => typeName(document, part));
  if (parts.length > 0) return [...new Set(parts)].join(' | ');
  const types = [schema.type ?? (schema.properties ? 'object' : 'any')].flat();
  const named = types.map((type) => (type === 'array' ? `${typeName(document, schema.items ?? {})}[]` : type));
  return named.join(' | ') + (schema.format ? ` (${schema.format})` : '');
}

/** @param {Json} document @param {Json} schema @returns {string[]} the only values there are */
function choicesOf(document, schema) {
  const inner = bare(document, schema);
  const values = inner.enum ?? inner.items?.enum ?? (inner.items ? bare(document, inner.items).enum : undefined) ?? (inner.const === undefined ? [] : [inner.const]);
  return values.map(String);
}

/** @param {Json} schema @returns {string} a range or a pattern, as a formula */
function limitsOf(schema) {
  const between = (/** @type {unknown} */ low, /** @type {unknown} */ high, /** @type {string} */ of) =>
    low === undefined && high === undefined ? [] : [`${low ?? ''}…${high ?? ''}${of}`];
  return [
    ...between(schema.minimum, schema.maximum, ''),
    ...between(schema.minLength, schema.maxLength, ' chars'),
    ...between(schema.minItems, schema.maxItems, ' items'),
    ...(schema.pattern ? [schema.pattern] : []),
  ].join(', ');
}

/** The schema itself: references followed, "or null" left out. @param {Json} document @param {Json} schema @returns {Json} */
function bare(document, schema) {
  const resolved = resolve(document, schema);
  const parts = (resolved.oneOf ?? resolved.anyOf ?? []).filter((/** @type {Json} */ part) => part.type !== 'null');
  return parts.length === 1 ? bare(document, parts[0]) : resolved;
}

/** @param {Json} document @param {Json} reference @returns {Json} what a `$ref` points to within the document; anything else is itself */
function resolve(document, reference) {
  if (typeof reference.$ref !== 'string') return reference;
  const steps = reference.$ref.replace(/^#\//, '').split('/');
  return steps.reduce((/** @type {Json | undefined} */ inner, step) => inner?.[step], document) ?? {};
}

/** @param {string} reference */
const nameOf = (reference) => reference.split('/').at(-1) ?? '';
