# The server with the released model and the page, for a machine without a checkout:
#
#   docker build -t klein-embedding .
#   docker run --rm -p 127.0.0.1:8080:8080 -e KLEIN_KEY=… klein-embedding
#
# Beside the two base images it fetches packages only, all of them locked with their hashes.

FROM node:20-slim AS page
WORKDIR /klein/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY web/build.mjs ./
COPY web/src src
COPY demo/texts /klein/demo/texts
COPY release /klein/release
RUN node build.mjs /klein/release /klein/page

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /klein
COPY requirements/serve.txt requirements/build.txt requirements/
RUN pip install --require-hashes -r requirements/serve.txt -r requirements/build.txt
COPY pyproject.toml README.md LICENSE WEIGHTS-LICENSE.md ./
COPY klein_embedding klein_embedding
COPY release release
# The installed package carries the model.
RUN pip install --no-deps --no-build-isolation . && rm -rf klein_embedding release
COPY --from=page /klein/page page
RUN useradd --system klein
USER klein
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", \
  "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
# Inside a container loopback is the container's own; which addresses reach it, `docker run -p` says.
ENTRYPOINT ["klein"]
CMD ["serve", "--host", "0.0.0.0", "--web", "/klein/page"]
