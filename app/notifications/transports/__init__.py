"""How deliveries leave: by SMS, webhook and e-mail. Each says what is known after a try, and raises nothing for a failed one."""
