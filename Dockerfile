# Serves ML models to Infernet nodes: docker run -p 4998:3000 --env-file env/onnx.env IMAGE --bind=0.0.0.0:3000 --workers=2
#
# An image with your own workflow, and with packages that it needs (leave those three lines out if it needs none; say
# --legacy-peer-deps for a package that names infernet-classic as its peer):
#   FROM infernet-classic
#   COPY my-workflow.js workflows/
#   USER root
#   RUN npm install --ignore-scripts some-package
#   USER node
#   ENV CLASSIC_INF_WORKFLOW_CLASS=my-workflow.MyWorkflow

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# onnxruntime-node's install script would fetch CUDA files; nothing here needs a script.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
COPY workflows workflows
COPY env env
RUN npm run build && chmod -R a+rX package.json workflows env
# What goes: other platforms' binaries, what only a compiler reads, and what only onnxruntime-node's installer needs. Its
# package.json and ours forget it too, so that `npm install` in an image made from this one does not bring it back.
RUN npm --prefix node_modules/onnxruntime-node pkg delete scripts dependencies.adm-zip dependencies.global-agent \
  && npm pkg delete scripts devDependencies \
  && rm package-lock.json node_modules/.package-lock.json \
  && npm prune --omit=optional --no-package-lock --ignore-scripts --no-audit --no-fund \
  && platform="$(node -p 'process.platform + "/" + process.arch')" \
  && find node_modules/onnxruntime-node/bin -type f -not -path "*/$platform/*" -delete \
  && rm -r node_modules/onnxruntime-node/script \
  && find node_modules -type f \( -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.map' \) -delete \
  && find node_modules -type d -empty -delete
# Packages in /app/node_modules find the server's exports by this link; an empty volume takes its owner from the cache.
RUN mkdir -p /node_modules /home/node/.cache/ritual && ln -s /app /node_modules/infernet-classic

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="infernet-classic" \
  org.opencontainers.image.description="Serves classic machine-learning models to Ritual Infernet nodes" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /node_modules /node_modules
COPY --from=build --chown=1000:1000 /home/node/.cache /home/node/.cache
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/package.json ./
COPY --from=build /build/dist dist
COPY --from=build /build/workflows/default workflows/default
COPY --from=build /build/env env
# The files are root's, the process is not; nothing is written, so --read-only --cap-drop ALL will do.
USER 1000:1000
EXPOSE 3000
# Healthy: ready to answer. The port is the one of --bind, else PORT, else 3000.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
  CMD ["node", "-e", "const bind = /[\\0 ](?:--bind|-b)[=\\0 ]?[^\\0 ]*:(\\d+)/.exec(fs.readFileSync('/proc/1/cmdline', 'utf8')); fetch('http://127.0.0.1:' + (bind?.[1] || process.env.PORT || 3000) + '/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/main.js"]
