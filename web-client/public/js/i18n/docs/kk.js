/** Kazakh of the page to read the API. */
/** @type {Record<keyof typeof import('./en.js').en, string>} */
export const kk = {
  'docs.title': 'HTTP API сипаттамасы',
  'docs.lead': 'Осы сервердің барлық шақырулары, нұсқасы {version}. Бағдарламалар үшін:',
  'docs.failed': 'Сипаттаманы алу мүмкін болмады. Байланысты тексеріп, бетті жаңартыңыз.',
  'docs.search': 'Жол, өріс немесе сөз бойынша іздеу',
  'docs.found': 'Табылған шақырулар: {count}',
  'docs.open': 'Барлығына ашық.',
  'docs.signed_in': 'Жүйеге кіргендерге немесе осы құқығы бар API кілті иелеріне.',
  'docs.link': 'Осы шақыруға сілтеме',
  'docs.parameters': 'Параметрлер',
  'docs.body': 'Сұрау денесі',
  'docs.answers': 'Жауаптар',
  'docs.refusals': 'Бас тарту себептері',
  'docs.example': 'Мысал',
  'docs.required': 'міндетті',
  'docs.problems': 'Қате кодтары',
  'docs.problems_how': 'Әр қате application/problem+json түрінде келеді. Кодтың мағынасы өзгермейді; сөздер Accept-Language тіліндегідей келеді.',
};
