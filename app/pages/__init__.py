"""Pages for anybody: the first screen of a program and its terms, without a key and without JavaScript."""
