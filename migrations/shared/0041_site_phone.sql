-- The number that a site's patients call, and that their pages show.
ALTER TABLE sites ADD COLUMN phone TEXT;
