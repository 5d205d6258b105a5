// The health check of the container image: asks /livez on the port that the server was told to listen on, by HTTP and then by HTTPS, whatever
// the name in the certificate: it asks itself. A server that listens on one named address only needs a check of its own.
const http = require('node:http');
const https = require('node:https');

const port = process.env.MOORAGE_SERVER_LISTEN.split(':').pop();

function asks(module) {
  return new Promise((answered) => {
    const request = module.get({ host: '127.0.0.1', port, path: '/livez', rejectUnauthorized: false }, (answer) =>
      answered(answer.statusCode === 200),
    );
    request.on('error', () => answered(false));
  });
}

asks(http).then(async (isUp) => process.exit(isUp || (await asks(https)) ? 0 : 1));
