class SlowMedium: pass
