/** Russian of the page to read the API. */
/** @type {Record<keyof typeof import('./en.js').en, string>} */
export const ru = {
  'docs.title': 'HTTP API',
  'docs.lead': 'Все вызовы этого сервера, версия {version}. Для программ:',
  'docs.failed': 'Не удалось получить описание. Проверьте связь и обновите страницу.',
  'docs.search': 'Поиск по пути, полю или слову',
  'docs.found': 'Найдено вызовов: {count}',
  'docs.open': 'Открыт для всех.',
  'docs.signed_in': 'Для тех, кто вошёл в систему или имеет ключ API с этим правом.',
  'docs.link': 'Ссылка на этот вызов',
  'docs.parameters': 'Параметры',
  'docs.body': 'Тело запроса',
  'docs.answers': 'Ответы',
  'docs.refusals': 'Отказы',
  'docs.example': 'Пример',
  'docs.required': 'обязательно',
  'docs.problems': 'Коды ошибок',
  'docs.problems_how': 'Каждая ошибка приходит как application/problem+json. Смысл кода не меняется; слова приходят на языке из Accept-Language.',
};
