DROP TABLE volume_tiers;
DROP TABLE prices;
DROP TABLE price_lists;
DROP TABLE families;
