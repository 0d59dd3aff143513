"""What the figures draw with: sheets, plots, legends, marks, fonts, HTML; nothing here knows a tracker or an engine."""
