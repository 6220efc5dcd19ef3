"""python -m deq train | evaluate | predict | models."""

from deq.cli import app

if __name__ == "__main__":
    app(prog_name="python -m deq")
