// The one-way layers: what each layer may import. Read by eslint.config.mjs and by tools/boundaries.spec.ts.
const belowApps = [
  'layer:schema',
  'layer:stage',
  'layer:port',
  'layer:protocol',
  'layer:store',
  'layer:work',
  'layer:service',
  'layer:deployment',
];

/** layer tag -> the layer tags it may import. A port never imports a port; an app never imports an app. */
export const mayImport = {
  'layer:schema': [],
  'layer:stage': ['layer:schema'],
  'layer:port': ['layer:schema', 'layer:stage'],
  'layer:protocol': ['layer:schema', 'layer:stage'],
  'layer:store': ['layer:schema', 'layer:stage', 'layer:port', 'layer:protocol'],
  'layer:service': ['layer:schema', 'layer:stage', 'layer:port'],
  'layer:work': ['layer:schema', 'layer:stage', 'layer:port', 'layer:protocol', 'layer:store'],
  'layer:deployment': ['layer:schema', 'layer:stage', 'layer:port', 'layer:protocol', 'layer:store', 'layer:service'],
  'layer:app': belowApps,
  'layer:command': [...belowApps, 'layer:app'],
};
