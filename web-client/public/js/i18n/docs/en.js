/** English of the page to read the API. */
export const en = {
  'docs.title': 'The HTTP API',
  'docs.lead': 'Every call of this server, version {version}. For programs:',
  'docs.failed': 'The description could not be fetched. Check the connection and reload the page.',
  'docs.search': 'Search by path, field or word',
  'docs.found': 'Calls found: {count}',
  'docs.open': 'Open to everybody.',
  'docs.signed_in': 'For who is signed in, or has an API key with the right.',
  'docs.link': 'Link to this call',
  'docs.parameters': 'Parameters',
  'docs.body': 'Body',
  'docs.answers': 'Answers',
  'docs.refusals': 'Refusals',
  'docs.example': 'Example',
  'docs.required': 'required',
  'docs.problems': 'Error codes',
  'docs.problems_how': 'Every error is application/problem+json. The code never changes its meaning; the words come in the language of Accept-Language.',
};
