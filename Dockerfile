# syntax=docker/dockerfile:1
# The image of the five services and the command, for those who have a builder. Without one: `npm run images -- REGISTRY`.
# Needs Node 20.19, 22.13 or later, npm and git.
ARG BASE=docker.io/library/node:24-bookworm
ARG RUNTIME=docker.io/library/node:24-bookworm

# The pod helper: `docker build --target pod -t registry.example/team/keelson-pod .`
FROM docker.io/library/golang:1.25 AS pod-build
WORKDIR /src
COPY libs/jobs/pod ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /keelson-pod .

FROM scratch AS pod
COPY --from=pod-build /keelson-pod /keelson-pod

FROM ${BASE} AS build
WORKDIR /opt/keelson
COPY . .
RUN node -e "import('./tools/prepare.mjs').then((module) => module.prepare())" \
  && npm prune --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/.cache node_modules/.bin

FROM ${RUNTIME}
RUN git --version
WORKDIR /opt/keelson
ENV NODE_ENV=production
COPY --from=build /opt/keelson/package.json ./
COPY --from=build /opt/keelson/node_modules ./node_modules
COPY --from=build /opt/keelson/libs ./libs
COPY --from=build /opt/keelson/apps ./apps
# By number: Kubernetes cannot tell whether a name is root's.
USER 65532:65532
CMD ["node", "apps/keelson/dist/main.js", "--help"]
