"""How Crisp is spoken, without I/O: routes, answers, and what the next page is.

Nothing here opens a socket, so all of it is tested with bytes. What is known of the
service, and how well, stands beside each fact: *documented* by Crisp, *observed* in
running programs, or *assumed*.
"""
