/** All journeys in one process, one after the other, so that they share the server and the browsers. */

import './journeys/media.js';
import './journeys/stethoscope.js';
import './journeys/no_new_sdp.js';
import './journeys/recovery.js';
import './journeys/room.js';
import './journeys/first_frame.js';
import './journeys/visit_by_link.js';
import './journeys/specialist_schedule.js';
import './journeys/referral_to_conclusion.js';
import './journeys/desk_nurse.js';
import './journeys/desk_access.js';
import './journeys/desk_screenshots.js';
import './journeys/desk_admin.js';
import './journeys/cart_kiosk.js';
import './journeys/admin_access.js';
import './journeys/admin_screenshots.js';
import './journeys/desk_cart_session.js';
import './journeys/screenshots.js';
import './journeys/bad_links.js';
import './journeys/bandwidth_ladder.js';
import './journeys/link_check.js';
import './journeys/recovery_far.js';
