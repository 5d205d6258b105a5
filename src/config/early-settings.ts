// What is asked of settings before they are read: on its own, so that a start waits for nothing else.

/** Names the configuration file. */
export const configFileVariable = 'MOORAGE_CONFIG';

/** What `server.workers` is where nobody says so. */
export const usualWorkers = 'auto';
