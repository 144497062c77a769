import { test } from 'node:test';
import assert from 'node:assert/strict';
import { curl, find, findProblems, pieces, read } from '../public/js/docs/document.js';

const SITE = { $ref: '#/components/schemas/Site' };
const DOCUMENT = {
  info: { version: '0.1.0' },
  security: [{ session: [] }],
  paths: {
    '/api/v1/sites': {
      get: {
        tags: ['sites'],
        summary: 'Sites within reach.',
        description: 'By name.\n\n# Errors\n`invalid`.',
        parameters: [{ name: 'limit', in: 'query', schema: { type: ['integer', 'null'], format: 'int32', minimum: 1, maximum: 200 } }],
        responses: { 401: { description: 'Nobody' }, 200: { description: '', content: { 'application/json': { schema: { type: 'object', required: ['items'], properties: { items: { type: 'array', items: SITE }, next: { type: ['string', 'null'] } } } } } } },
      },
      post: { tags: ['sites'], requestBody: { content: { 'application/json': { schema: SITE } } }, responses: { 201: { description: 'Made' } }, parameters: [{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } }] },
    },
    '/api/v1/session': { post: { tags: ['session'], security: [{}], responses: {} } },
  },
  components: {
    schemas: {
      Site: { type: 'object', required: ['kind'], properties: { kind: { $ref: '#/components/schemas/Kind' }, name: { type: 'string', description: 'As on the sign.' }, above: { oneOf: [{ type: 'null' }, SITE] } } },
      Kind: { type: 'string', enum: ['hospital', 'centre'] },
    },
  },
  'x-problems': [{ code: 'changed', words: { en: { title: 'The record has changed', detail: 'Reload.' } } }],
};
const { groups, problems } = read(DOCUMENT);

test('calls are grouped by their tag, in order', () => {
  assert.deepEqual(groups.map(({ name, calls }) => [name, calls.map(({ method, path }) => `${method} ${path}`)]), [
    ['session', ['post /api/v1/session']],
    ['sites', ['get /api/v1/sites', 'post /api/v1/sites']],
  ]);
});

test('a call with its own empty security is open, others are not', () => {
  assert.deepEqual(groups.flatMap(({ calls }) => calls.map(({ open }) => open)), [true, false, false]);
});

test('references are followed, lists and choices are told', () => {
  const [list] = groups[1]?.calls ?? [];
  assert.equal(list?.parameters[0]?.type, 'integer | null (int32)');
  assert.equal(list?.parameters[0]?.limits, '1…200');
  const rows = list?.answers[0]?.body?.fields ?? [];
  assert.deepEqual(rows.slice(0, 3).map(({ name, depth, type }) => [name, depth, type]), [['items', 0, 'Site[]'], ['kind', 1, 'string'], ['name', 1, 'string']]);
  assert.deepEqual(rows[1]?.choices, ['hospital', 'centre']);
  assert.equal(rows[1]?.required, true);
  assert.equal(rows[2]?.about, 'As on the sign.');
});

test('a description that contains itself ends', () => {
  const [, create] = groups[1]?.calls ?? [];
  const depths = create?.body?.fields.map(({ depth }) => depth) ?? [];
  assert.equal(Math.max(...depths), 4);
});

test('success and problems are told apart', () => {
  const [list] = groups[1]?.calls ?? [];
  assert.deepEqual([list?.answers.map(({ status }) => status), list?.problems.map(({ status }) => status)], [['200'], ['401']]);
});

test('a search finds a call by path, by field and by words, all of them at once', () => {
  const found = (/** @type {string} */ search) => find(groups, search).flatMap(({ calls }) => calls.map(({ method }) => method));
  assert.deepEqual(found('SITES reach'), ['get']);
  assert.deepEqual(found('kind'), ['get', 'post']);
  assert.deepEqual(found('kind nowhere'), []);
});

test('an error code is found by its words', () => {
  assert.equal(findProblems(problems, 'record changed', 'en').length, 1);
  assert.equal(findProblems(problems, 'cart', 'en').length, 0);
});

test('the example names what a call cannot do without', () => {
  const [, create] = groups[1]?.calls ?? [];
  assert.ok(create);
  assert.equal(
    curl(create, 'https://kenes.example'),
    "curl -X POST 'https://kenes.example/api/v1/sites' \\\n  -H 'Authorization: Bearer kk_…' \\\n  -H 'If-Match: …' \\\n  -H 'Content-Type: application/json' \\\n  -d '{…}'",
  );
});

test('what a call refuses stands apart from what it does', () => {
  const [list] = groups[1]?.calls ?? [];
  assert.deepEqual([list?.about, list?.refusals], ['By name.', '`invalid`.']);
});

test('code in a text is told apart from its words', () => {
  assert.deepEqual(pieces('`next` of the page'), [{ code: true, text: 'next' }, { code: false, text: ' of the page' }]);
});
