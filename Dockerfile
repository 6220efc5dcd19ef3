# The dashboard and `python -m deq` in one image, on a CPU:
#   docker build --tag deq-lab .            docker run --rm --publish 8501:8501 deq-lab
# With NVIDIA GPUs (the host needs a driver and NVIDIA's container toolkit; CUDA itself comes as wheels):
#   docker build --build-arg EXTRA=cuda --tag deq-lab:cuda .
#   docker run --rm --gpus all --publish 8501:8501 deq-lab:cuda
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --create-home --uid 1000 deq && install --directory --owner deq --group deq /home/deq/lab
WORKDIR /home/deq/lab

# Dependencies first: a change of the code does not install them again.
COPY requirements.txt ./
COPY requirements requirements
RUN pip install --requirement requirements.txt
ARG EXTRA=""
RUN if [ "$EXTRA" = cuda ]; then pip install --requirement requirements.txt --requirement requirements/cuda.txt; \
    elif [ -n "$EXTRA" ]; then echo "EXTRA is cuda or empty, not '$EXTRA'" >&2; exit 1; fi

COPY --chown=deq:deq app.py LICENSE ./
COPY --chown=deq:deq .streamlit .streamlit
COPY --chown=deq:deq deq deq
COPY --chown=deq:deq pages pages

USER deq
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]

CMD ["python", "-m", "streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
