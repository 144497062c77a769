/** The icons that only the kiosk needs: same grid, same stroke. */
import { addIcons } from '../ui/icons.js';

addIcons({
  full: ['M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9', 'M15 4h3.5A1.5 1.5 0 0 1 20 5.5V9', 'M20 15v3.5a1.5 1.5 0 0 1-1.5 1.5H15', 'M9 20H5.5A1.5 1.5 0 0 1 4 18.5V15'],
  erase: ['M8.5 6h11A1.5 1.5 0 0 1 21 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-11L3 12z', 'M11.5 9.5l5 5', 'M16.5 9.5l-5 5'],
});
