"""An optional second look at alerts by a vision model of the operator's choice. Off unless a store switches it on."""
