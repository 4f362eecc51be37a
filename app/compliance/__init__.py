"""What people may ask of a store that watches them: complaints."""
