"""New Citizen Service Link: one package a bounded context, and a small shared floor of flat modules."""
