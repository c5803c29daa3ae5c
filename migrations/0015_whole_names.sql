-- Whole names are words to find users by, so that whoever types one is not led through all who share a part of it.
INSERT INTO user_words (word, user_id)
    SELECT lower(trim(given_name) || ' ' || trim(family_name)), id FROM users
    WHERE trim(given_name) <> '' AND trim(family_name) <> ''
    ON CONFLICT (word, user_id) DO NOTHING;
