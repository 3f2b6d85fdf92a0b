# The command spex with PyTorch's CPU build, at the exact versions of requirements.lock: docker build -t spex .
# It contains no downloads: weights, genome, genes, expression and maps come with the folder that is mounted at /work.
FROM python:3.11-slim

WORKDIR /opt/spex

# The two steps of `make setup`: PyTorch alone from its CPU index, then the lock. Kept while the lock stays as it is.
COPY requirements.lock .
RUN pip install --no-cache-dir --no-deps --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' requirements.lock)" \
    && pip install --no-cache-dir -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY expecto expecto
COPY spex spex
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && useradd --uid 1000 --create-home spex

LABEL org.opencontainers.image.title="SpEx" org.opencontainers.image.licenses="MIT"

# matplotlib's cache, for users who have no home in the container (docker run --user)
ENV MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /work
USER 1000
ENTRYPOINT ["spex"]
CMD ["--help"]
