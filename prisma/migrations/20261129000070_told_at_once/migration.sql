-- A recorder that begins has the newest checkpoints read back from destinations at once: this database may have gone back meanwhile.
GRANT SELECT (duty, next_at), UPDATE (next_at) ON duty_turn TO affidavit_recorder;
