"""Tool calls that models write into their text, because nobody made calls of them."""
