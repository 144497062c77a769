/** The nurse's views, by the names of `navigation.js`. */
import { Book, Reschedule } from './book.js';
import { Patients } from './patients.js';
import { Reconfirmation } from './reconfirmation.js';
import { NewReferral } from './referral-form.js';
import { Referrals } from './referrals.js';
import { Today } from './today.js';
import { Waitlist } from './waitlist.js';

/** @type {import('../shell.js').Views} */
export const views = {
  today: Today,
  referrals: Referrals,
  waitlist: Waitlist,
  reconfirmation: Reconfirmation,
  patients: Patients,
  book: Book,
  reschedule: Reschedule,
  'new-referral': NewReferral,
};
