"""What a guest is built from: header, start-up code, linker script and compiler calls; and example guests."""
