/** The administrator's views, by the names of `navigation.js`. */
import { Audit } from './audit.js';
import { Carts } from './carts.js';
import { Keys } from './keys.js';
import { Messages } from './messages.js';
import { Schedules } from './schedules.js';
import { Sites } from './sites.js';
import { Texts } from './texts.js';
import { Users } from './users.js';

/** @type {import('../shell.js').Views} */
export const views = { sites: Sites, users: Users, carts: Carts, schedules: Schedules, texts: Texts, messages: Messages, keys: Keys, audit: Audit };
